-- What is held on the build's last day, with names, cost and weight.
-- grain: one row per account and security
-- keys: account_id, security_id
-- nulls: cost_basis where the provider gave none; unrealized_gain then too
-- name: the security's name for people: the user's, else the provider's, else the symbol
-- account_name: the account's name for people: the user's, else the provider's
-- asset_class: as in holding_classes; of a fund with several classes all of them, the largest first
-- price_age_days: days between the price and the valuation date
-- weight: share of the household's assets, 0 to 1; negative for what is owed
-- unrealized_gain: market_value less cost_basis, in currency
with

values_daily as (select * from daily_holding_values),
holdings as (select * from stg_holdings),
accounts as (select * from accounts),
security_edits as (select * from stg_security_edits),
net_worth as (select * from net_worth_daily),
holding_classes as (select * from holding_classes),
settings as (select * from build_settings),

classes as (
    select
        account_id,
        security_id,
        string_agg(asset_class, ' + ' order by weight desc, asset_class) as asset_class,
    from holding_classes
    where is_current
    group by all
)

select
    values_daily.account_id,
    values_daily.security_id,
    values_daily.valuation_date,
    values_daily.snapshot_date,
    accounts.name as account_name,
    accounts.institution,
    accounts.owner,
    accounts.tax_bucket,
    coalesce(security_edits.name, holdings.name, holdings.symbol, values_daily.security_id) as name,
    values_daily.symbol,
    classes.asset_class,
    values_daily.quantity,
    values_daily.close_price,
    values_daily.price_date,
    values_daily.price_source,
    (values_daily.valuation_date - values_daily.price_date)::integer as price_age_days,
    values_daily.currency,
    values_daily.multiplier,
    values_daily.fx_rate,
    values_daily.market_value,
    values_daily.market_value_base,
    values_daily.market_value_base::double / nullif(net_worth.assets, 0)::double as weight,
    case when holdings.currency = values_daily.currency then holdings.cost_basis end as cost_basis,
    case
        when holdings.currency = values_daily.currency then values_daily.market_value - holdings.cost_basis
    end::decimal(28, 2) as unrealized_gain,
    values_daily.is_provisional,
from values_daily
inner join settings on values_daily.valuation_date = settings.through_date -- the last day only
inner join net_worth using (valuation_date)
inner join accounts using (account_id)
left join security_edits using (security_id)
left join classes using (account_id, security_id)
left join holdings
    on values_daily.snapshot_id = holdings.snapshot_id
    and values_daily.security_id = holdings.security_id
where values_daily.security_id <> '_ZERO_BALANCE'
