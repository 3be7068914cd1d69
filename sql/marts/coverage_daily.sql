-- How well each day's net worth is known: shares of all that is held and owed, debts as positive
-- amounts, by where the price comes from and how old it is. The shares add up to 1; what has no value
-- at all is counted beside them.
-- grain: one row per day from the first snapshot of any account
-- keys: valuation_date
-- nulls: shares of a day on which nothing is worth anything
-- gross_value: what is held plus what is owed, in the base currency
-- observed_share: the share whose price is of that very day
-- carried_1_to_3_share: the share at a close or mark of one to three days before
-- carried_4_to_7_share: of four to seven days before
-- carried_8_to_30_share: of eight to thirty days before
-- carried_older_share: of more than thirty days before
-- estimated_share: the share at a provider's price of an earlier day
-- old_holdings_share: the share whose units are of a snapshot older than the setting stale_price_days,
-- accounts kept by hand left out
-- unpriced_count: holdings without a value in the base currency
-- unpriced_last_value: what the unpriced ones were last worth, or are by their providers; null when
-- unknown
with

values_daily as (select * from daily_holding_values),
account_values as (select * from account_values_daily),
accounts as (select * from accounts),
gaps as (select * from gaps),
days as (select * from int_days),
settings as (select * from build_settings),

by_age as (
    select
        valuation_date,
        case
            when price_date = valuation_date then 'observed'
            when price_source = 'snapshot' then 'estimated'
            when valuation_date - price_date <= 3 then 'carried_1_to_3'
            when valuation_date - price_date <= 7 then 'carried_4_to_7'
            when valuation_date - price_date <= 30 then 'carried_8_to_30'
            else 'carried_older'
        end as known,
        sum(abs(market_value_base)) as gross_value,
    from values_daily
    group by all
),

shares as (
    select
        valuation_date,
        sum(gross_value) as gross_value,
        coalesce(sum(gross_value) filter (where known = 'observed'), 0) as observed,
        coalesce(sum(gross_value) filter (where known = 'carried_1_to_3'), 0) as carried_1_to_3,
        coalesce(sum(gross_value) filter (where known = 'carried_4_to_7'), 0) as carried_4_to_7,
        coalesce(sum(gross_value) filter (where known = 'carried_8_to_30'), 0) as carried_8_to_30,
        coalesce(sum(gross_value) filter (where known = 'carried_older'), 0) as carried_older,
        coalesce(sum(gross_value) filter (where known = 'estimated'), 0) as estimated,
    from by_age
    group by valuation_date
),

by_account as (
    select
        account_values.valuation_date,
        sum(account_values.unpriced_count) as unpriced_count,
        sum(account_values.assets_base + account_values.liabilities_base) filter (
            where accounts.provider <> 'manual'
                and account_values.valuation_date - account_values.snapshot_date > settings.stale_price_days
        ) as old_holdings,
    from account_values
    left join accounts using (account_id)
    cross join settings
    group by account_values.valuation_date
),

unpriced_days as (
    select
        unnest(generate_series(first_date, last_date, interval 1 day))::date as valuation_date,
        value_at_stake,
    from gaps
    where kind = 'unpriced'
),

unpriced as (
    select
        valuation_date,
        sum(value_at_stake) as last_value,
    from unpriced_days
    group by valuation_date
)

select
    days.valuation_date,
    coalesce(shares.gross_value, 0) as gross_value,
    shares.observed::double / nullif(shares.gross_value, 0)::double as observed_share,
    shares.carried_1_to_3::double / nullif(shares.gross_value, 0)::double as carried_1_to_3_share,
    shares.carried_4_to_7::double / nullif(shares.gross_value, 0)::double as carried_4_to_7_share,
    shares.carried_8_to_30::double / nullif(shares.gross_value, 0)::double as carried_8_to_30_share,
    shares.carried_older::double / nullif(shares.gross_value, 0)::double as carried_older_share,
    shares.estimated::double / nullif(shares.gross_value, 0)::double as estimated_share,
    coalesce(by_account.old_holdings, 0)::double / nullif(shares.gross_value, 0)::double as old_holdings_share,
    coalesce(by_account.unpriced_count, 0)::bigint as unpriced_count,
    unpriced.last_value as unpriced_last_value,
from days
left join shares using (valuation_date)
left join by_account using (valuation_date)
left join unpriced using (valuation_date)
