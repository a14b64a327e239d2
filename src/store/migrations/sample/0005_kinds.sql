UPDATE tasks SET kind = 'negotiation negotiation';
