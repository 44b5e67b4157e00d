"""Every table, so that the metadata is complete for whoever migrates or checks it."""

import portal.advances.models
import portal.applications.compensation_models
import portal.applications.models
import portal.applications.sheet_models
import portal.banking.models
import portal.catalogue.models
import portal.claims.appeal_models
import portal.claims.lapse_models
import portal.claims.models
import portal.claims.statement_models
import portal.collections.models
import portal.core.events
import portal.core.jobs
import portal.core.numbering
import portal.core.seals
import portal.corrections.models
import portal.fees.models
import portal.files.models
import portal.invoices.models
import portal.ledger.models
import portal.notices.models
import portal.oldparts.batch_models
import portal.oldparts.charge_models
import portal.oldparts.inspection_models
import portal.oldparts.models
import portal.operations.models
import portal.people.models
import portal.sheets.memory
import portal.terms.models
import portal.web.presses  # noqa: F401
