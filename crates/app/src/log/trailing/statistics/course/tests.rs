use domain::ids::CampaignId;
use proptest::prelude::*;

use super::*;
use crate::ports::FixedOffset;
use crate::ports::future::Reading;
use crate::state::rows::FigureKey;

const CAMPAIGN: CampaignId = CampaignId(7);
const CODE: &str = "coupon.sold_out";
const FIGURE: &str = "refused:coupon.sold_out";
/// 2026-11-21T12:34:56Z.
const NOW: Timestamp = Timestamp::from_micros(1_795_264_496_000_000);
const HOUR: Duration = Duration::from_secs(HOUR_S);
const DAY: Duration = Duration::from_secs(DAY_S);
const SEOUL: FixedOffset = FixedOffset(9 * 3_600);
const MUMBAI: FixedOffset = FixedOffset(19_800);
const UTC: FixedOffset = FixedOffset(0);

/// An hour ahead of UTC, and two from 240 to 60 days ago.
#[derive(Debug)]
struct Summer;

impl Calendar for Summer {
    fn offset_s(&self, at: Timestamp) -> i64 {
        if (hour(240)..hour(60)).contains(&at) { 7_200 } else { 3_600 }
    }
}

/// Returns the beginning of the current hour so many days ago.
fn hour(days: u32) -> Timestamp {
    UTC.start(Resolution::Hour, NOW) - DAY * days
}

/// The figures of a store. Everything is deleted from it that no answer may need: less than an hour before what can be read,
/// an hour or a minute may begin that reaches into it.
#[derive(Default)]
struct Figures(BTreeMap<FigureKey, i64>);

impl Figures {
    fn count(&mut self, at: Timestamp, calendar: &dyn Calendar) {
        for Added { key, amount } in super::super::refused(&[(CAMPAIGN, CODE, 1)], at, calendar) {
            *self.0.entry(key).or_default() += amount;
        }
    }

    fn cut(&mut self) {
        self.0.retain(|key, _| key.began_at >= kept_since(key.resolution, NOW) - HOUR);
    }

    fn of(events: &[Timestamp], calendar: &dyn Calendar) -> Figures {
        let mut figures = Figures::default();
        events.iter().for_each(|at| figures.count(*at, calendar));
        figures.cut();
        figures
    }

    fn read(&self, calendar: &dyn Calendar, wanted: &WantedCourse) -> Result<Course, NoCourse> {
        let reader = Reader { views: self, calendar, now: NOW };
        match std::pin::pin!(reader.read(wanted)).poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(read) => read,
            std::task::Poll::Pending => panic!("the figures are there at once"),
        }
    }

    fn sums(&self, wanted: WantedTotals, of: Since) -> impl Iterator<Item = (&FigureKey, i64)> {
        let WantedTotals { counted, subject, .. } = wanted;
        let is_in =
            move |key: &FigureKey| (key.counted, key.resolution, key.subject) == (counted, of.resolution, subject);
        self.0.iter().filter(move |(key, _)| is_in(key) && key.began_at >= of.moment).map(|(key, sum)| (key, *sum))
    }
}

impl StatisticsViews for Figures {
    fn figures(&self, wanted: WantedFigures) -> Reading<'_, Vec<Added>> {
        let WantedFigures { counted, resolution, subject, range } = wanted;
        let is_in = |key: &FigureKey| (key.counted, key.resolution, key.subject) == (counted, resolution, subject);
        let found = self.0.iter().filter(|(key, _)| is_in(key) && range.contains(&key.began_at));
        let found = found.map(|(key, amount)| Added { key: key.clone(), amount: *amount }).collect();
        Box::pin(async move { Ok(found) })
    }

    fn totals(&self, wanted: WantedTotals) -> Reading<'_, Vec<(String, i64)>> {
        let mut sums = Sums::new();
        let less = self.sums(wanted, wanted.less.unwrap_or(Since::END)).map(|(key, sum)| (key, -sum));
        for (key, sum) in self.sums(wanted, wanted.since).chain(less) {
            *sums.entry((*key.figure).to_owned()).or_default() += sum;
        }
        Box::pin(async move { Ok(sums.into_iter().collect()) })
    }
}

fn wanted(resolution: Resolution, from: Option<Timestamp>, to: Option<Timestamp>) -> WantedCourse {
    WantedCourse { counted: Counted::Coupons, subject: CAMPAIGN.0, resolution, from, to }
}

/// The number of events in each interval that is asked for.
fn counts(events: &[Timestamp], calendar: &dyn Calendar, of: &WantedCourse) -> BTreeMap<Timestamp, i64> {
    let mut counts = BTreeMap::new();
    for at in events {
        let began_at = calendar.start(of.resolution, *at);
        let begin = of.from.map(|from| calendar.start(of.resolution, from));
        if begin.is_none_or(|begin| begin <= began_at) && of.to.is_none_or(|to| began_at < to) {
            *counts.entry(began_at).or_default() += 1;
        }
    }
    counts
}

fn sum(sums: &Sums) -> i64 {
    assert!(sums.iter().all(|(figure, sum)| figure == FIGURE && *sum > 0), "{sums:?}");
    sums.values().sum()
}

/// Checks an answer against the events themselves.
fn check(events: &[Timestamp], calendar: &dyn Calendar, figures: &Figures, of: &WantedCourse) {
    let counts = counts(events, calendar, of);
    match figures.read(calendar, of) {
        Ok(course) => {
            assert_eq!(sum(&course.totals), counts.values().sum::<i64>(), "{of:?}");
            let kept = kept_since(of.resolution, NOW);
            let end = of.to.map_or(NOW, |to| to.min(NOW));
            let earliest = end - shortest(of.resolution) * INTERVALS_MAX;
            let is_clamped =
                of.from.is_none() && of.to.is_none_or(|to| calendar.start(of.resolution, to - MICRO) >= kept);
            let series: BTreeMap<Timestamp, i64> = course.intervals.iter().map(|(at, sums)| (*at, sum(sums))).collect();
            assert!(series.len() <= INTERVALS_MAX as usize, "{of:?}");
            assert!(series.iter().all(|(at, count)| counts.get(at) == Some(count)), "{of:?}: {series:?}");
            // The end of the last interval decides over the first one.
            let must = |at: &Timestamp| *at >= earliest + shortest(of.resolution) && !(is_clamped && *at < kept);
            assert!(counts.keys().filter(|at| must(at)).all(|at| series.contains_key(at)), "{of:?}: {series:?}");
        }
        Err(NoCourse::NotKept { asked, longer }) => {
            let is_near =
                |moment: Timestamp| move |at: &Timestamp| at.micros().abs_diff(moment.micros()) < DAY_AND_MORE;
            let begin = of.from.map(|from| calendar.start(of.resolution, from));
            let is_right = match asked {
                Asked::From => {
                    begin.is_some_and(|at| at < kept_since(of.resolution, NOW) && events.iter().any(is_near(at)))
                }
                Asked::To => {
                    of.to.is_some_and(|at| at < kept_since(of.resolution, NOW) && events.iter().any(is_near(at)))
                }
                Asked::Interval => events.iter().any(|at| *at < kept_since(of.resolution, NOW) + DAY),
            };
            assert!(is_right && longer > of.resolution, "{of:?}: {asked:?}, {longer:?}");
        }
        Err(NoCourse::Store(error)) => panic!("{error}"),
    }
}

const DAY_AND_MORE: u64 = 25 * 3_600 * 1_000_000;

/// Moments of the last 500 days, many of them at the beginning of an hour or a day, or near to where figures end.
fn moment() -> impl Strategy<Value = Timestamp> {
    let back = |micros: i64| Timestamp::from_micros(NOW.micros() - micros);
    let near =
        |edge: Timestamp| (-7_200_i64..7_200).prop_map(move |s| Timestamp::from_micros(edge.micros() + s * 1_000_000));
    prop_oneof![
        (0..500 * 86_400_000_000_i64).prop_map(back),
        (0..500 * 24_i64).prop_map(move |hours| UTC.start(Resolution::Hour, back(hours * 3_600_000_000))),
        (0..500_i64).prop_map(move |days| SEOUL.start(Resolution::Day, back(days * 86_400_000_000))),
        (0..500_i64).prop_map(move |days| UTC.start(Resolution::Day, back(days * 86_400_000_000))),
        near(kept_since(Resolution::Minute, NOW)),
        near(kept_since(Resolution::Hour, NOW)),
        Just(NOW + DAY * 40),
    ]
}

fn events() -> impl Strategy<Value = Vec<Timestamp>> {
    let happened = || moment().prop_map(|at| at.min(NOW));
    prop_oneof![prop::collection::vec(happened(), 0..6), prop::collection::vec(happened(), 100..300)]
}

fn resolution() -> impl Strategy<Value = Resolution> {
    prop::sample::select(Resolution::ALL)
}

fn range() -> impl Strategy<Value = (Option<Timestamp>, Option<Timestamp>)> {
    (prop::option::of(moment()), prop::option::of(moment())).prop_map(|(one, other)| match (one, other) {
        (Some(one), Some(other)) => (Some(one.min(other)), Some(one.max(other))),
        open => open,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_answer_is_what_the_events_are(events in events(), resolution in resolution(), range in range()) {
        let calendars: [&dyn Calendar; 3] = [&SEOUL, &MUMBAI, &Summer];
        for calendar in calendars {
            let figures = Figures::of(&events, calendar);
            check(&events, calendar, &figures, &wanted(resolution, range.0, range.1));
        }
    }

    /// Days that were added up in another time zone do not fit the shop's, and no answer is wrong by them.
    #[test]
    fn a_change_of_the_time_zone_makes_no_answer_wrong(
        events in events(), changed in moment(), is_fine in any::<bool>(), range in range(),
    ) {
        let mut figures = Figures::default();
        for at in &events {
            let calendar: &dyn Calendar = if *at < changed { &SEOUL } else { &Summer };
            figures.count(*at, calendar);
        }
        figures.cut();
        let resolution = if is_fine { Resolution::Minute } else { Resolution::Hour };
        check(&events, &Summer, &figures, &wanted(resolution, range.0, range.1));
    }

    #[test]
    fn days_are_always_known(events in events(), range in range()) {
        let figures = Figures::of(&events, &Summer);
        prop_assert!(figures.read(&Summer, &wanted(Resolution::Day, range.0, range.1)).is_ok());
    }
}

#[track_caller]
fn check_total(days: u32, of: &WantedCourse, total: i64) {
    // Every ten minutes, for so many days.
    let events: Vec<Timestamp> = (0..days * 144).map(|tens| NOW - Duration::from_secs(600) * tens).collect();
    let course = Figures::of(&events, &SEOUL).read(&SEOUL, of).unwrap();
    assert_eq!(course.totals.get(FIGURE).copied().unwrap_or_default(), total);
    check(&events, &SEOUL, &Figures::of(&events, &SEOUL), of);
}

#[track_caller]
fn check_refused(days: u32, of: &WantedCourse, asked: Asked, longer: Resolution) {
    let events: Vec<Timestamp> = (0..days * 144).map(|tens| NOW - Duration::from_secs(600) * tens).collect();
    let read = Figures::of(&events, &SEOUL).read(&SEOUL, of);
    assert_eq!(read, Err(NoCourse::NotKept { asked, longer }));
}

#[test]
fn totals_begin_where_they_should_although_the_course_begins_later() {
    // The interval of `from` counts as a whole: from 12:00, and from 12:34.
    check_total(120, &wanted(Resolution::Hour, Some(NOW - DAY * 100), None), 100 * 144 + 4);
    check_total(10, &wanted(Resolution::Minute, Some(NOW - DAY * 2), None), 2 * 144 + 1);
    check_total(10, &wanted(Resolution::Hour, Some(NOW - HOUR), Some(NOW + DAY * 9_000)), 10);
    check_total(10, &wanted(Resolution::Minute, None, Some(NOW + DAY * 9_000)), 1_440);
}

#[test]
fn a_course_up_to_the_future_has_the_latest_intervals() {
    let course = Figures::of(&[NOW], &SEOUL).read(&SEOUL, &wanted(Resolution::Hour, None, Some(NOW + DAY * 9_000)));
    assert_eq!(course.unwrap().intervals.len(), 1);
}

#[test]
fn hours_stand_for_minutes_that_are_deleted() {
    let from = Some(hour(40));
    check_total(50, &wanted(Resolution::Minute, from, None), 40 * 144 + 4);
    let within = Some(hour(40) + Duration::from_secs(1_800));
    check_refused(50, &wanted(Resolution::Minute, within, None), Asked::From, Resolution::Hour);
    check_total(39, &wanted(Resolution::Minute, within, None), 39 * 144);
}

#[test]
fn a_course_of_deleted_minutes_is_refused() {
    let past = wanted(Resolution::Minute, Some(hour(40)), Some(hour(40) + HOUR));
    check_refused(50, &past, Asked::Interval, Resolution::Hour);
    check_refused(50, &wanted(Resolution::Minute, None, Some(hour(40))), Asked::Interval, Resolution::Hour);
    check_total(39, &past, 0);
    check_total(50, &wanted(Resolution::Hour, Some(hour(40)), Some(hour(40) + HOUR)), 6);
}

#[test]
fn days_stand_for_hours_that_are_deleted() {
    let midnight = SEOUL.start(Resolution::Day, NOW) - DAY * 370;
    // 12:34:56 in UTC is 21:34:56 in Seoul, after 129 tens of minutes and more.
    check_total(380, &wanted(Resolution::Hour, Some(midnight), None), 370 * 144 + 130);
    let within = Some(midnight + HOUR);
    check_refused(380, &wanted(Resolution::Hour, within, None), Asked::From, Resolution::Day);
    check_refused(380, &wanted(Resolution::Hour, None, within), Asked::Interval, Resolution::Day);
    check_total(369, &wanted(Resolution::Hour, within, None), 369 * 144);
}
