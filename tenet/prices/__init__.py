"""Prices and rates: what a home lacks of them, asked of the market's sources, and landed.

run         the story: plan, ask every source at once, land, plan again with what came in
plan        who is to be asked what, from what is held and what is landed
needed      which securities and currencies are held, on which days
missing     the days of a series that are neither landed nor were answered for
splits      series that a split has changed, so that they are asked for whole
asking      the sources side by side, and what they say as it comes in
landing     a batch of answers as one landing
rows        answers as raw rows, without what the lake has already
tally       what a source was asked and has said so far
report      how it went
securities  what a user says of securities and prices, and what is known of them
"""
