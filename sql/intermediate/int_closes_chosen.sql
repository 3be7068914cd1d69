-- One close per security and day, in its source's terms, with what is known to be wrong mended: a
-- currency label that came without the number that goes with it, and a close lowered by dividends.
-- grain: one row per security and trading day through the build's last day
-- keys: security_id, price_date
-- close: price of one unit in currency; on the basis given
-- unit_date: the day whose units the source means
-- observed_at: when it was asked; closes of one moment came as one series
-- sent_close: the number as it was sent, in the currency as it was labelled
-- correction: mislabelled_unit or dividend_adjusted; null where nothing was mended
with

closes as (select * from stg_closes),
first_closes as (select * from stg_first_closes),
dividends as (select * from stg_dividends),
splits as (select * from stg_splits),
security_edits as (select * from stg_security_edits),
minor_units as (select * from minor_units),
settings as (select * from build_settings),

-- Few securities have more than one source.
contested as (
    select security_id
    from closes
    group by all
    having min(source) < max(source)
),

several as (
    select
        security_id,
        price_date,
    from closes
    semi join contested using (security_id)
    group by all
    having count(*) > 1
),

-- The source set for the security, else yahoo, coingecko, then by name.
chosen as (
    select * from closes anti join several using (security_id, price_date)
    union all
    (
        select closes.*
        from closes
        semi join several using (security_id, price_date)
        left join security_edits using (security_id)
        qualify row_number() over (
            partition by closes.security_id, closes.price_date
            order by
                closes.source is distinct from security_edits.price_source,
                closes.source <> 'yahoo',
                closes.source <> 'coingecko',
                closes.source
        ) = 1
    )
),

-- Series that are labelled in pence here and in pounds there. The first label counts.
labels as (
    select
        security_id,
        source,
        arg_min(quoted_currency, price_date) as quoted_currency,
    from chosen
    group by all
    having min(quoted_currency) <> max(quoted_currency) and min(currency) = max(currency)
),

anchors as (
    select chosen.*
    from chosen
    inner join labels using (security_id, source, quoted_currency) -- the label that counts
),

-- The number goes on where it was, so only the label has changed.
mislabelled as (
    select
        chosen.security_id,
        chosen.price_date,
        anchors.quoted_currency as quoted_currency,
    from chosen
    semi join labels using (security_id, source)
    asof inner join anchors
        on chosen.security_id = anchors.security_id
        and chosen.source = anchors.source
        and chosen.price_date >= anchors.price_date
    where
        chosen.quoted_currency <> anchors.quoted_currency
        and chosen.quoted_close::double / nullif(anchors.quoted_close, 0)::double between 0.1 and 10
),

-- What the dividends since a close would have lowered it to.
lowered as (
    select
        first_closes.security_id,
        first_closes.price_date,
        first_closes.source,
        any_value(first_closes.quoted_close) as first_close,
        any_value(chosen.quoted_close)::double / any_value(first_closes.quoted_close)::double as found_ratio,
        product(1 - dividends.amount::double / before_ex.close::double) as dividend_ratio,
    from first_closes
    inner join chosen using (security_id, price_date, source, quoted_currency)
    inner join dividends
        on first_closes.security_id = dividends.security_id
        and first_closes.price_date < dividends.ex_date
        and chosen.observed_at::date >= dividends.ex_date
    asof inner join chosen as before_ex
        on dividends.security_id = before_ex.security_id
        and dividends.currency = before_ex.currency
        and dividends.ex_date > before_ex.price_date
    anti join splits
        on first_closes.security_id = splits.security_id
        and splits.split_date between first_closes.price_date and chosen.observed_at::date
    where first_closes.quoted_close > 0 and before_ex.close > dividends.amount
    group by all
),

dividend_adjusted as (
    select *
    from lowered
    where dividend_ratio < 0.9999 and abs(found_ratio - dividend_ratio) < 0.2 * (1 - dividend_ratio)
),

mended as (
    select
        chosen.* exclude (close),
        case
            when mislabelled.quoted_currency is not null
                then in_major(chosen.quoted_close, minor_units.major_per_minor)
            when dividend_adjusted.first_close is not null
                then times_factor(chosen.close, 1 / dividend_adjusted.found_ratio)
            else chosen.close
        end as close,
        case
            when mislabelled.quoted_currency is not null then 'mislabelled_unit'
            when dividend_adjusted.first_close is not null then 'dividend_adjusted'
        end as correction,
    from chosen
    left join mislabelled using (security_id, price_date)
    left join minor_units on mislabelled.quoted_currency = minor_units.code
    left join dividend_adjusted using (security_id, price_date, source)
)

select
    mended.security_id,
    mended.price_date,
    mended.source,
    mended.currency,
    mended.close::decimal(28, 10) as close,
    mended.basis,
    case
        when mended.basis = 'split_adjusted'
            then greatest(mended.price_date, timezone(settings.timezone, mended.observed_at)::date)
        else mended.price_date
    end as unit_date,
    mended.observed_at,
    mended.quoted_close as sent_close,
    mended.correction,
from mended
cross join settings
where mended.price_date <= settings.through_date
