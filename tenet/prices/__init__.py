"""Prices: which days of which securities are missing, asked of the market sources and landed."""
