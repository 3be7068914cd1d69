-- Accounts that go on as another one, and the day on which they hand over what they are worth: the first
-- day of that one. An account still there after that day was beside it, hands nothing over and leaves as
-- any other. Accounts that go on as each other in a circle are each their own.
-- grain: one row per account that goes on as another
-- keys: account_id
-- nulls: handed_on and last_date of an account that hands nothing over
-- next_id: the account as which it goes on
-- chain_id: the account as which it goes on in the end
-- handed_on: the day on which it hands over
-- last_date: the last day on which it counts itself
with recursive

account_edits as (select * from stg_account_edits),
windows as (select * from int_snapshot_windows),

reach as (
    select
        account_id,
        min(window_start) as first_date,
        max(window_end) as last_date,
    from windows
    group by account_id
),

successions as (
    select
        account_edits.account_id,
        account_edits.superseded_by as next_id,
        case
            when reach.first_date < successor.first_date and reach.last_date <= successor.first_date
                then successor.first_date
        end as handed_on,
        least(reach.last_date, handed_on - 1) as last_date,
    from account_edits
    inner join reach using (account_id) -- an account without a day has nothing to go on with
    inner join reach as successor on account_edits.superseded_by = successor.account_id
    where account_edits.superseded_by <> account_edits.account_id
),

ways as (
    select
        account_id,
        next_id,
        1 as steps,
    from successions
    union all
    select
        ways.account_id,
        successions.next_id,
        ways.steps + 1 as steps,
    from ways
    inner join successions on ways.next_id = successions.account_id
    where ways.next_id <> ways.account_id and ways.steps <= (select count(*) from successions)
),

ends as (
    select
        account_id,
        next_id as chain_id,
    from ways
    anti join successions on ways.next_id = successions.account_id -- not so in a circle
)

select
    successions.account_id,
    successions.next_id,
    ends.chain_id,
    successions.handed_on,
    case when successions.handed_on is not null then successions.last_date end as last_date,
from successions
inner join ends using (account_id)
