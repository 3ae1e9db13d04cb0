using System.Globalization;

namespace Palisade.Kubernetes.Cel;

/// <summary>Durations as Go's time.ParseDuration reads them: 1h15m30.5s, -200ms.</summary>
internal static class GoDuration
{
    // Ticks of 100 ns; what is finer is cut.
    private static readonly (string Unit, decimal Ticks)[] _units =
    [
        ("ns", 0.01m), ("us", 10), ("µs", 10), ("μs", 10), ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour),
    ];

    /// <summary>Null when it is none, or longer than Go's 292 years.</summary>
    public static TimeSpan? Parse(string text)
    {
        const decimal Most = long.MaxValue / 100;
        var negative = text.StartsWith('-');
        var rest = text.AsSpan(negative || text.StartsWith('+') ? 1 : 0);
        if (rest is "0")
            return TimeSpan.Zero;
        if (rest.IsEmpty || rest.Length > 64)
            return null;
        var ticks = 0m;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture, out var count) || count > Most)
                return null;
            rest = rest[digits..];
            var end = rest.IndexOfAny("0123456789.");
            var unit = rest[..(end < 0 ? rest.Length : end)].ToString();
            rest = rest[unit.Length..];
            var ticksEach = _units.FirstOrDefault(known => known.Unit == unit).Ticks;
            ticks += count * ticksEach;
            if (ticksEach == 0 || ticks > Most)
                return null;
        }

        return TimeSpan.FromTicks((long)(negative ? -ticks : ticks));
    }
}
