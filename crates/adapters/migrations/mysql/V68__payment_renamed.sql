ALTER TABLE payment_v65 RENAME TO payment;
