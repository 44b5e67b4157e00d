"""What is personal of customers: found when one asks, removed then or when its time is over."""
