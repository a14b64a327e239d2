UPDATE messages SET push_before = 8 WHERE push = 'failed';
