"""Policy values: the days, rates and limits of the rules, each with its effective date."""
