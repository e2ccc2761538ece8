-- How the expiry goes into a programme's CVVs. It never changes: cards that are out would lose theirs.
alter table programmes add column cvv_expiry_order text not null default 'YYMM' check (cvv_expiry_order in ('YYMM', 'MMYY'));
