def write_page(t): return ""
