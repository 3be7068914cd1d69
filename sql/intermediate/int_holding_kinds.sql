-- Holdings whose change in value is not the market's. Debts are liabilities, the lines of loan accounts,
-- and the lines of manual accounts that were never positive. Revalued is what is worth what its owner says:
-- manual holdings without ticker, and what only a provider knows and calls a real asset or other.
-- grain: one row per account and such a security
-- keys: account_id, security_id
-- kind: debt or revalued
with

holdings as (select * from stg_holdings),
accounts as (select * from stg_accounts),

judged as (
    select
        holdings.account_id,
        holdings.security_id,
        bool_or(holdings.asset_type = 'liability')
        or any_value(
            lower(accounts.account_type) in (
                'liability', 'loan', 'mortgage', 'credit', 'credit_card', 'line_of_credit'
            )
        )
        or (any_value(accounts.provider) = 'manual' and max(holdings.quantity) <= 0 and min(holdings.quantity) < 0)
            as is_debt,
        holdings.security_id like '\_MAN:%' escape '\'
        or (
            holdings.security_id like '\_%' escape '\'
            and holdings.security_id not like '\_CASH:%' escape '\'
            and bool_or(holdings.asset_type in ('real_asset', 'other'))
        ) as is_revalued,
    from holdings
    left join accounts using (account_id)
    group by holdings.account_id, holdings.security_id
)

select
    account_id,
    security_id,
    case when is_debt then 'debt' else 'revalued' end as kind,
from judged
where is_debt or is_revalued
