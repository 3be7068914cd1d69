-- What each owner had in each account on each 31 December, and on the build's last day, before and after tax
-- at the rates that the user assumes. Tax is on the value of a deferred account, and on the gain of a taxable
-- one or a property, losses within the account set off; debts are not taxed.
-- grain: one row per statement day, account, and owner of now or of then
-- keys: valuation_date, account_id, owner
-- apart: account_id
-- tax_bucket: how the account is taxed, as it is now
-- liquidity: how soon it can be spent, as it is now
-- share: the owner's share as it is now, 0 to 1
-- market_value_base: that share of the account, in the base currency
-- assumed_tax_base: what would be due on it, as far as it is known
-- after_tax_base: market_value_base less assumed_tax_base
-- unpriced_count: holdings of the account without a value in the base currency
-- unknown_tax_count: holdings of the account whose tax is not known: no rate was given, or no cost
-- share_then: the share as it was on that day
-- market_value_base_then: that share of the account
-- after_tax_base_then: the same after tax
with

values_daily as (select * from daily_holding_values),
holdings as (select * from stg_holdings),
kinds as (select * from int_holding_kinds),
accounts as (select * from accounts),
rates as (select * from stg_tax_rates),
shares as (select * from owner_shares),
settings as (select * from build_settings),

stated as (
    select values_daily.*
    from values_daily
    cross join settings
    where
        values_daily.valuation_date = settings.through_date
        or (month(values_daily.valuation_date) = 12 and day(values_daily.valuation_date) = 31)
),

judged as (
    select
        stated.valuation_date,
        stated.account_id,
        accounts.tax_bucket,
        accounts.liquidity,
        rates.rate,
        stated.market_value_base,
        case
            when stated.security_id = '_ZERO_BALANCE' or kinds.kind = 'debt' then 0
            when accounts.tax_bucket = 'deferred' then greatest(stated.market_value_base, 0)
            when accounts.tax_bucket not in ('taxable', 'property') or stated.price_source = 'cash' then 0
            when holdings.currency = stated.currency
                then stated.market_value_base
                    - value_in_base(try_cast(holdings.cost_basis as decimal(18, 2)), stated.fx_rate)
        end as taxed,
        accounts.tax_bucket in ('taxable', 'deferred') and rates.rate is null as has_no_rate,
    from stated
    inner join accounts using (account_id) -- every account with values
    left join rates on accounts.tax_bucket = rates.tax_bucket
    left join kinds
        on stated.account_id = kinds.account_id
        and stated.security_id = kinds.security_id
    left join holdings
        on stated.snapshot_id = holdings.snapshot_id
        and stated.security_id = holdings.security_id
),

by_account as (
    select
        valuation_date,
        account_id,
        tax_bucket,
        liquidity,
        coalesce(sum(market_value_base), 0) as market_value_base,
        round(coalesce(any_value(rate), 0)::decimal(11, 10) * greatest(coalesce(sum(taxed), 0), 0)::decimal(24, 2), 2)
            as assumed_tax_base,
        count(*) filter (where market_value_base is null) as unpriced_count,
        count(*) filter (
            where market_value_base is not null
                and (taxed is null or (taxed <> 0 and has_no_rate))
                and (tax_bucket <> 'property' or rate > 0)
        ) as unknown_tax_count,
    from judged
    group by all
),

split as (
    select
        by_account.*,
        shares.owner,
        shares.share,
        shares.last_date is null as is_now,
        by_account.valuation_date >= shares.first_date
        and by_account.valuation_date <= coalesce(shares.last_date, by_account.valuation_date) as is_then,
        split_off(by_account.market_value_base, shares.share_before, shares.share_until) as own_value,
        split_off(by_account.assumed_tax_base, shares.share_before, shares.share_until) as own_tax,
    from by_account
    inner join shares using (account_id) -- every account has an owner on every day
    where is_now or is_then
)

select
    valuation_date,
    account_id,
    owner,
    any_value(tax_bucket) as tax_bucket,
    any_value(liquidity) as liquidity,
    coalesce(any_value(share) filter (where is_now), 0)::decimal(14, 12) as share,
    coalesce(sum(own_value) filter (where is_now), 0)::decimal(38, 2) as market_value_base,
    coalesce(sum(own_tax) filter (where is_now), 0)::decimal(38, 2) as assumed_tax_base,
    coalesce(sum(own_value - own_tax) filter (where is_now), 0)::decimal(38, 2) as after_tax_base,
    any_value(unpriced_count) as unpriced_count,
    any_value(unknown_tax_count) as unknown_tax_count,
    coalesce(any_value(share) filter (where is_then), 0)::decimal(14, 12) as share_then,
    coalesce(sum(own_value) filter (where is_then), 0)::decimal(38, 2) as market_value_base_then,
    coalesce(sum(own_value - own_tax) filter (where is_then), 0)::decimal(38, 2) as after_tax_base_then,
from split
group by valuation_date, account_id, owner
