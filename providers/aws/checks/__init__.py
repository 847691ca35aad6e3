"""What preflight asks, one subject a file. A check reads, and answers with findings; finding.py says how."""
