-- A programme has a pair of keys for its cards' verification values (CVK) and one for its PINs' (PVK). A zone key is one
-- processor's: PIN blocks travel under it.
alter table vault_keys drop constraint vault_keys_purpose_check;
alter table vault_keys add constraint vault_keys_purpose_check check (purpose in (
    'PanEncryption', 'PanLookup', 'PanPermutation', 'References', 'CardVerification', 'Credentials', 'OperatorSecrets',
    'PinVerification', 'ZonePinTripleDes', 'ZonePinAes'));
alter table vault_keys
    add column processor   text check (processor ~ '^[a-z0-9-]{1,64}$'),
    add column check_value text check (check_value ~ '^[0-9A-F]{6,10}$');
alter table vault_keys drop constraint of_a_programme;
alter table vault_keys add constraint of_a_programme check ((purpose in ('CardVerification', 'PinVerification')) = (programme_id is not null));
alter table vault_keys add constraint of_a_processor check ((purpose in ('ZonePinTripleDes', 'ZonePinAes')) = (processor is not null));
drop index vault_keys_programme;
create unique index vault_keys_programme on vault_keys (programme_id, purpose) where programme_id is not null;
drop index vault_keys_version;
create unique index vault_keys_version on vault_keys (purpose, version) where programme_id is null and processor is null;
create index vault_keys_processor on vault_keys (processor, created_at) where processor is not null;

-- Of a PIN the PVV alone is kept. A removed card keeps its row, so that no number is ever given to its id again, and nothing
-- that leads to its number.
alter table vault_cards
    alter column pan drop not null,
    alter column pan_hmac drop not null,
    add column pvv          text check (pvv ~ '^[0-9]{4}$'),
    add column pin_set_at   timestamptz,
    add column destroyed_at timestamptz,
    add constraint destroyed check ((destroyed_at is null) = (pan is not null) and (destroyed_at is null) = (pan_hmac is not null)),
    add constraint pin check ((pvv is null) = (pin_set_at is null) and (pvv is null or destroyed_at is null));
grant update (pan, pan_hmac, cvv_counter, pvv, pin_set_at, destroyed_at) on vault_cards to {requests};

-- Each "reset CVV" that took effect, by the id of its request: asked again it changes nothing.
create table vault_cvv_resets (
    request_id uuid primary key,
    card_id    uuid not null references vault_cards,
    reset_at   timestamptz not null
);
grant select, insert on vault_cvv_resets to {requests};

alter table vault_reference_uses drop constraint vault_reference_uses_used_for_check;
alter table vault_reference_uses add constraint vault_reference_uses_used_for_check check (used_for in ('Reveal', 'Identify', 'SetPin', 'VerifyPin'));
