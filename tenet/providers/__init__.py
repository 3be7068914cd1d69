"""Providers: where holdings come from. Asking (`fetch`) and parsing (`parse`, pure) are apart."""
