UPDATE tasks SET arrived = arrived - 1;
