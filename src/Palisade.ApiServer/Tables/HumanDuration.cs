namespace Palisade.ApiServer.Tables;

/// <summary>k8s.io/apimachinery duration.HumanDuration: about three digits of precision.</summary>
internal static class HumanDuration
{
    public static string Of(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        // Clocks differ a little: one second of future is still now.
        if (seconds < -1)
            return "<invalid>";
        if (seconds < 0)
            return "0s";
        if (seconds < 60 * 2)
            return $"{seconds}s";
        var minutes = seconds / 60;
        if (minutes < 10)
            return Two(minutes, "m", seconds % 60, "s");
        if (minutes < 60 * 3)
            return $"{minutes}m";
        var hours = minutes / 60;
        if (hours < 8)
            return Two(hours, "h", minutes % 60, "m");
        if (hours < 48)
            return $"{hours}h";
        var days = hours / 24;
        if (hours < 24 * 8)
            return Two(days, "d", hours % 24, "h");
        if (hours < 24 * 365 * 2)
            return $"{days}d";
        var years = hours / (24 * 365);
        return hours < 24 * 365 * 8 ? Two(years, "y", days % 365, "d") : $"{years}y";
    }

    private static string Two(long large, string largeUnit, long small, string smallUnit) =>
        small == 0 ? $"{large}{largeUnit}" : $"{large}{largeUnit}{small}{smallUnit}";
}
