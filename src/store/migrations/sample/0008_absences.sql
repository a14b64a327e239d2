UPDATE meetings SET availability = 'out_of_office';
