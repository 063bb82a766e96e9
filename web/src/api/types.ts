// Short names for the API's types, all from the generated document.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Activity = Schemas['Activity'];
export type AppUsage = Schemas['AppUsage'];
export type BlockedApp = Schemas['BlockedApp'];
export type CategoryUsage = Schemas['CategoryUsage'];
export type Challenge = Schemas['Challenge'];
export type Daily = Schemas['Daily'];
export type DayTotal = Schemas['DayTotal'];
export type Fault = Schemas['Fault'];
export type ImportResult = Schemas['ImportResult'];
export type KnownApp = Schemas['KnownApp'];
export type LeaderboardEntry = Schemas['LeaderboardEntry'];
export type MailedLink = Schemas['MailedLink'];
export type Notification = Schemas['Notification'];
export type Period = Schemas['Period'];
export type Problem = Schemas['Problem'];
export type PublicUser = Schemas['PublicUser'];
export type Schedule = Schemas['Schedule'];
export type Session = Schemas['Session'];
export type SignedIn = Schemas['SignedIn'];
export type Tokens = Schemas['Tokens'];
export type User = Schemas['User'];
export type UserStats = Schemas['UserStats'];
