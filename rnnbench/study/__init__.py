"""Many runs that answer one question: read from a file, planned, launched, tuned, compared."""
