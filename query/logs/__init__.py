"""Log reads: the filter language, the tenant-bound reader, and the pages made of them."""
