"""A believable month of an invented maker of sanitary ware, made as its people would make it."""
