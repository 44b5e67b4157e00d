"""Collections 集中回收: old parts that are called in, packed, sent and received (O7)."""
