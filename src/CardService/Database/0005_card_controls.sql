-- What a card may be used for, as its user and its issuer (partner or operator) say it: both hold at once.
alter table cards
    add column user_controls   jsonb check (jsonb_typeof(user_controls) = 'object'),
    add column issuer_controls jsonb check (jsonb_typeof(issuer_controls) = 'object');
grant update (user_controls, issuer_controls) on cards to {requests};
