-- What the authorisations of a programme's cards go by. stand_in: what is answered where the partner holds the balances and
-- its host is silent; nothing said declines. controls: the rules of spending of every card of the programme.
alter table programmes
    add column time_zone            text not null default 'UTC' check (length(time_zone) between 1 and 64),
    add column hold_lifetime_days   int not null default 7 check (hold_lifetime_days between 1 and 60),
    add column stand_in_mode        text check (stand_in_mode in ('Decline', 'Approve')),
    add column stand_in_max_amount  bigint check (stand_in_max_amount between 1 and 1000000000000000),
    add column stand_in_max_minutes int check (stand_in_max_minutes between 1 and 1440),
    add column controls             jsonb check (jsonb_typeof(controls) = 'object'),
    add constraint stand_in_is_bounded check (
        (coalesce(stand_in_mode, 'Decline') = 'Approve') = (stand_in_max_amount is not null)
        and (stand_in_max_amount is null) = (stand_in_max_minutes is null));
grant update (time_zone, hold_lifetime_days, stand_in_mode, stand_in_max_amount, stand_in_max_minutes, controls) on programmes to {requests};
