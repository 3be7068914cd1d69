"""The workspace's summary: what is asked again and again, computed once per build.

answer       what a summary holds, and its text in a file
sections     the queries that fill it
watermarks   what is published and landed, told from the folder alone, and what a landing touches
cache        which answer is given: miss, hit-revision, stale or progress-section
background   the one build that runs while the old answer is given
"""
