"""What dealers charge their customers for service: schedules that headquarters approves (F1)."""
