-- The lots that the user says a sale took.
-- grain: one row per sale and lot
-- keys: account_id, external_id, lot_id
-- nulls: quantity where all of the lot was taken
-- external_id: the sale's activity
-- lot_id: the lot, as in the mart `lots`
-- quantity: units of it that were sold, in units of the sale's day; 0 takes the choice back
with

landed as (select * from raw_lot_choices)

select
    account_id,
    external_id,
    lot_id,
    abs(arg_max_null(quantity, (edited_at, landing_id))) as quantity,
from landed
group by all
