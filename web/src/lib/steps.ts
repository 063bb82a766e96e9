/** Steps of an axis of minutes: quarter hours, then whole hours. */
export const minuteSteps = [5, 10, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440];
/** Steps of an axis of counts: never a part of one. */
export const countSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000];
