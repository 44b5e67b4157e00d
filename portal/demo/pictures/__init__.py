"""Pictures of worn parts on a workbench, drawn by the demo itself."""
