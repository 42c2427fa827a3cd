"""The minds: hosted vendors, a script, and what they share; the loop sees `Model` alone."""
