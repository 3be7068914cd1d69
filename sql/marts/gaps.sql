-- What is missing, old or in doubt, and how much money hangs on it.
-- grain: one row per kind, thing that it is about, and run of days
-- keys: gap_id
-- gap_id: kind, what it is about and the first day; the same in a later build of a run that goes on
-- kind: missing: the account has no value; partial: something that it holds has none, for the reason
-- that unpriced and fx_missing give; stale_price (see holding_gaps); price_quarantined: closes left out
-- while the security was held; snapshot_quarantined: an answer that contradicts itself and waits for a
-- word; account_stale: no snapshot for longer than usual; provider_error: syncs failed since the last
-- good one; value_mismatch: a difference of value_checks that is no matter of the hour; lot_mismatch:
-- a snapshot shows other units than activities tell, and lots were opened or closed by the snapshot alone
-- account_id: null where it is not about one account
-- security_id: null where it is not about one security; `_TOTAL` is an account's whole
-- security_name: the security's name for people
-- currency: of fx_missing the one without a rate; else null
-- first_date: first day of the run
-- last_date: last day of the run
-- days: days of the run; of price_quarantined and value_mismatch those on which it is so
-- value_at_stake: in the base currency, what was worth so much on the last day (debts as positive
-- amounts); of unpriced what its provider says, else what it was last worth; of value_mismatch the largest
-- difference; of lot_mismatch what these units were worth; null when unknown
-- is_open: it is still so at the end of the build
-- detail: in words
with

holding_gaps as (select * from holding_gaps),
values_daily as (select * from daily_holding_values),
account_values as (select * from account_values_daily),
value_checks as (select * from value_checks),
price_issues as (select * from price_issues),
lot_events as (select * from int_lot_events),
coverage as (select * from account_coverage),
sync_status as (select * from sync_status),
prices as (select * from int_prices),
windows as (select * from int_snapshot_windows),
silences as (select * from int_silences),
failing_syncs as (select * from int_failing_syncs),
quarantines as (select * from int_quarantines),
days as (select * from int_days),
holdings as (select * from stg_holdings),
fx_rates as (select * from int_fx_rates_daily),
security_edits as (select * from stg_security_edits),
settings as (select * from build_settings),

unpriced as (select * from holding_gaps where kind = 'unpriced'),

last_known as (
    select
        unpriced.account_id,
        unpriced.subject,
        unpriced.first_date,
        arg_max(abs(values_daily.market_value_base), values_daily.valuation_date) as last_value,
    from unpriced
    inner join values_daily
        on unpriced.account_id = values_daily.account_id
        and unpriced.subject = values_daily.security_id
        and unpriced.first_date > values_daily.valuation_date
    group by all
),

of_holdings as (
    select
        gaps.kind,
        gaps.account_id,
        case when gaps.kind <> 'fx_missing' then gaps.subject end as security_id,
        case when gaps.kind = 'fx_missing' then gaps.subject end as currency,
        gaps.first_date,
        gaps.last_date,
        coalesce(
            gaps.last_value,
            value_in_base(try_cast(abs(holdings.snapshot_value) as decimal(18, 2)), fx_rates.fx_rate),
            last_known.last_value
        ) as value_at_stake,
        case
            when gaps.kind = 'unpriced' then 'no price is known'
            when gaps.known_date is null then 'no rate is known'
            when gaps.kind = 'fx_missing' then 'the newest rate is of ' || gaps.known_date
            when gaps.price_source = 'snapshot' and gaps.last_date - gaps.known_date <= settings.stale_price_days
                then 'closes are missing; the provider''s own price of ' || gaps.known_date || ' stands in'
            else 'the newest price is of ' || gaps.known_date
        end as detail,
    from holding_gaps as gaps
    left join holdings
        on gaps.kind = 'unpriced'
        and gaps.snapshot_id = holdings.snapshot_id
        and gaps.subject = holdings.security_id
    left join fx_rates
        on holdings.currency = fx_rates.currency
        and gaps.last_date = fx_rates.valuation_date
    left join last_known
        on gaps.kind = 'unpriced'
        and gaps.account_id = last_known.account_id
        and gaps.subject = last_known.subject
        and gaps.first_date = last_known.first_date
    cross join settings
),

days_lacking as (
    select
        coverage.account_id,
        days.valuation_date,
        case when account_values.account_id is null then 'missing' else 'partial' end as kind,
        account_values.unpriced_count,
    from coverage
    inner join days -- the days on which a value was to be expected
        on days.valuation_date between coverage.expected_start and coverage.expected_end
    left join account_values
        on coverage.account_id = account_values.account_id
        and days.valuation_date = account_values.valuation_date
    where account_values.account_id is null or account_values.unpriced_count > 0
),

-- Days that follow each other have one number when their place in the order is taken off.
of_account_days as (
    select
        kind,
        account_id,
        min(valuation_date) as first_date,
        max(valuation_date) as last_date,
        case
            when kind = 'missing' then 'no value'
            else 'holdings without a value: ' || max(unpriced_count)
        end as detail,
    from (
        select
            *,
            valuation_date - (row_number() over (
                partition by kind, account_id order by valuation_date
            ))::integer as run,
        from days_lacking
    )
    group by kind, account_id, run
),

closes_left_out as (
    select
        price_issues.security_id,
        price_issues.price_date,
        any_value(price_issues.close) as close,
        any_value(price_issues.currency) as currency,
        any_value(coalesce(price_issues.median_before, price_issues.median_after)) as median_close,
        sum(abs(values_daily.market_value_base)) as value_at_stake,
    from price_issues
    inner join values_daily -- closes of what was not held that day change nothing
        on price_issues.security_id = values_daily.security_id
        and price_issues.price_date = values_daily.valuation_date
    where price_issues.kind in ('price_out_of_range', 'price_not_positive')
    group by all
),

-- Closes at most a week apart are one run.
of_closes as (
    select
        'price_quarantined' as kind,
        security_id,
        min(price_date) as first_date,
        max(price_date) as last_date,
        count(*) as days,
        arg_max_null(value_at_stake, price_date) as value_at_stake,
        'left out: ' || format('{:.10g} ', arg_max(close, price_date)::double) || arg_max(currency, price_date)
        || coalesce(format(' where others are near {:.10g}', arg_max(median_close, price_date)::double), '')
            as detail,
    from (
        select
            *,
            count(*) filter (where is_first) over (partition by security_id order by price_date) as run,
        from (
            select
                *,
                coalesce(price_date - lag(price_date) over (partition by security_id order by price_date) > 7, true)
                    as is_first,
            from closes_left_out
        )
    )
    group by security_id, run
),

newest_prices as (
    select
        security_id,
        max(price_date) as price_date,
    from prices
    group by security_id
),

of_accounts as (
    select
        'account_stale' as kind,
        silences.account_id,
        silences.first_date,
        silences.last_date,
        silences.is_open,
        'no data after ' || silences.snapshot_date
        || case when silences.is_open then coalesce(': ' || sync_status.error, '') else '' end
        || coalesce('; usually every ' || silences.usual_days || ' days', '') as detail,
    from silences
    left join sync_status using (account_id)
    union all by name
    select
        'snapshot_quarantined' as kind,
        quarantines.account_id,
        quarantines.first_date,
        quarantines.last_date,
        quarantines.is_open,
        coalesce(quarantines.error, 'it contradicts itself') as detail,
    from quarantines
    union all by name
    select
        'provider_error' as kind,
        failing_syncs.account_id,
        failing_syncs.provider,
        failing_syncs.first_date,
        settings.through_date as last_date,
        true as is_open,
        coalesce(failing_syncs.error, 'no reason was given')
        || case when failing_syncs.attempt_count > 1 then ' (' || failing_syncs.attempt_count || ' syncs)' else '' end
            as detail,
    from failing_syncs
    cross join settings
),

snapshot_numbers as (
    select
        *,
        row_number() over (partition by account_id order by snapshot_date) as snapshot_number,
        row_number() over (partition by account_id order by snapshot_date desc) = 1 as is_newest,
    from windows
),

-- The hour of the provider's price, and a close that is late, explain themselves.
of_checks as (
    select
        'value_mismatch' as kind,
        account_id,
        security_id,
        min(valuation_date) as first_date,
        max(valuation_date) as last_date,
        count(*) as days,
        max(abs(difference_base)) as value_at_stake,
        bool_or(is_newest) as is_open,
        cause || coalesce(
            format(': ours is {:.5g} times the provider''s', arg_max(ratio, valuation_date)), ''
        ) as detail,
    from (
        select
            value_checks.*,
            snapshot_numbers.is_newest,
            snapshot_numbers.snapshot_number - row_number() over (
                partition by value_checks.account_id, value_checks.security_id, value_checks.cause
                order by value_checks.valuation_date
            ) as run,
        from value_checks
        inner join snapshot_numbers using (account_id, snapshot_id) -- checks are of these snapshots
        where value_checks.cause not in ('stale_mark', 'intraday', 'carried_close')
    )
    group by account_id, security_id, cause, run
),

of_lots as (
    select
        'lot_mismatch' as kind,
        lot_events.account_id,
        lot_events.security_id,
        lot_events.valuation_date as first_date,
        lot_events.valuation_date as last_date,
        abs(lot_events.paid_base) as value_at_stake,
        snapshot_numbers.is_newest as is_open,
        format('{:.10g} units ', abs(lot_events.difference)::double)
        || if(lot_events.difference > 0, 'more', 'fewer') || ' than activities tell' as detail,
    from lot_events
    inner join snapshot_numbers -- the snapshot that shows it
        on lot_events.account_id = snapshot_numbers.account_id
        and lot_events.valuation_date between snapshot_numbers.window_start and snapshot_numbers.window_end
    where lot_events.difference <> 0
),

found as (
    select
        of_holdings.*,
        settings.through_date = of_holdings.last_date as is_open,
    from of_holdings
    cross join settings
    union all by name
    select
        of_account_days.*,
        settings.through_date <= of_account_days.last_date + 1 as is_open, -- the last day is not over
    from of_account_days
    cross join settings
    union all by name
    select
        of_closes.*,
        coalesce(newest_prices.price_date < of_closes.last_date, true) as is_open,
    from of_closes
    left join newest_prices using (security_id)
    union all by name
    select
        of_accounts.*,
        account_values.assets_base + account_values.liabilities_base as value_at_stake,
    from of_accounts
    left join account_values
        on of_accounts.account_id = account_values.account_id
        and of_accounts.last_date = account_values.valuation_date
    union all by name
    select * from of_checks
    union all by name
    select * from of_lots
),

names as (
    select
        holdings.security_id,
        coalesce(any_value(security_edits.name), max(holdings.name), max(holdings.symbol), holdings.security_id)
            as security_name,
    from holdings
    semi join found using (security_id)
    left join security_edits using (security_id)
    group by holdings.security_id
)

select
    concat_ws(
        ' ', found.kind, coalesce(found.account_id, found.provider), found.security_id, found.currency, found.first_date
    ) as gap_id,
    found.kind,
    found.account_id,
    found.security_id,
    names.security_name,
    found.currency,
    found.first_date,
    found.last_date,
    coalesce(found.days, found.last_date - found.first_date + 1) as days,
    found.value_at_stake::decimal(18, 2) as value_at_stake,
    found.is_open,
    found.detail,
from found
left join names using (security_id)
