"""Where closes, splits, dividends and exchange rates come from: one module a source."""
