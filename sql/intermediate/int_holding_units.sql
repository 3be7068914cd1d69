-- Holdings whose count or price is not in the units of the snapshot's own day: near a split a broker
-- may change its count some days late or an evening early, and its price at another time (rule 3).
-- Told by a count that jumps by exactly the ratio, or by a price that stands on the other level.
-- grain: one row per snapshot and security for which it is, or may be, so
-- keys: snapshot_id, security_id
-- apart: account_id
-- nulls: quantity_date and snapshot_price_date where they are the snapshot's own day
-- quantity_date: the day whose units the count is in
-- snapshot_price_date: the day whose units the provider's price is in
-- issue: split_count_late, split_count_early, split_price_late, split_price_early, or
-- split_count_unclear: about as if nothing had split, and nothing tells whether the count is late
with

around as (select * from int_holdings_around_splits),
prices as (select * from int_prices),

-- The jump that is the split: across its day, else the first after it, else one shortly before it.
settled as (
    select
        account_id,
        security_id,
        split_date,
        next_date as first_new_date,
    from around
    where is_jump and next_date >= split_date - 3
    qualify row_number() over (
        partition by account_id, security_id, split_date
        order by is_after or next_date < split_date, next_date < split_date, abs(next_date - split_date)
    ) = 1
),

-- How many times the ratio the provider's price stands above a close of the same side of the split.
compared as (
    select
        around.snapshot_id,
        around.security_id,
        around.split_date,
        ln(around.snapshot_price::double / prices.close::double) / ln(around.ratio::double) as steps,
    from around
    asof inner join prices
        on around.security_id = prices.security_id
        and around.snapshot_date >= prices.price_date
    where
        around.snapshot_price > 0
        and prices.close > 0
        and coalesce(prices.currency, around.currency) = around.currency
        and around.is_after = (prices.price_date >= around.split_date)
        and around.snapshot_date between around.split_date - 3 and around.split_date + 20
        and around.snapshot_date - prices.price_date <= 5
),

judged as (
    select
        around.snapshot_id,
        around.security_id,
        around.split_date,
        around.is_after,
        around.snapshot_date,
        settled.first_new_date,
        coalesce(around.is_after and compared.steps between 0.8 and 1.2, false) as has_old_price,
        coalesce(not around.is_after and compared.steps between -1.2 and -0.8, false) as has_new_price,
        around.is_after and around.quantity = coalesce(around.old_quantity, around.quantity) as is_unmoved,
        around.quantity::double / around.old_quantity::double as grown,
        product(around.ratio::double) over (
            partition by around.snapshot_id, around.security_id, around.is_after, around.old_quantity
        ) as all_ratios,
        bool_or(coalesce(around.is_after and compared.steps between 0.8 and 1.2, false)) over (
            partition by around.account_id, around.security_id, around.split_date, around.quantity
            order by around.snapshot_date
        ) as had_old_price,
    from around
    left join settled using (account_id, security_id, split_date)
    left join compared using (snapshot_id, security_id, split_date)
),

told as (
    select
        *,
        is_after and coalesce(snapshot_date < first_new_date, is_unmoved and had_old_price) as is_late,
        not is_after and coalesce(snapshot_date >= first_new_date, false) as is_early,
        -- Nearer to where the count stood than to what the splits since make of it.
        is_after and grown > 0 and (grown < sqrt(all_ratios)) = (all_ratios > 1)
        and first_new_date is null and not (is_unmoved and had_old_price)
        and snapshot_date <= split_date + 10 as is_unclear,
    from judged
)

select
    snapshot_id,
    security_id,
    coalesce(min(split_date) filter (where is_late) - 1, max(split_date) filter (where is_early)) as quantity_date,
    coalesce(
        min(split_date) filter (where has_old_price) - 1, max(split_date) filter (where has_new_price)
    ) as snapshot_price_date,
    case
        when bool_or(is_late) then 'split_count_late'
        when bool_or(is_early) then 'split_count_early'
        when bool_or(is_unclear) then 'split_count_unclear'
        when bool_or(has_old_price) then 'split_price_late'
        else 'split_price_early'
    end as issue,
from told
where is_late or is_early or has_old_price or has_new_price or is_unclear
group by all
