-- A personalisation record shows more of a card than its holder ever sees.
alter table vault_reference_uses drop constraint vault_reference_uses_kind_check;
alter table vault_reference_uses add constraint vault_reference_uses_kind_check check (kind in (
    'cardNo', 'cvv', 'pin', 'pinBlock', 'cvv1', 'icvv', 'pvv'));
