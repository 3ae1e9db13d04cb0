using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>Waits for what the kernel or another process does a little later.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Until the condition holds.</summary>
    public static Task TrueAsync(Func<bool> holds) => TrueAsync(() => Task.FromResult(holds()));

    /// <summary>Until the condition holds.</summary>
    public static async Task TrueAsync(Func<Task<bool>> holds)
    {
        var until = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(until) < Patience, $"not within {Patience.TotalSeconds} s");
            await Task.Delay(50);
        }
    }

    /// <summary>Until the list is empty; fails with what is on it.</summary>
    public static async Task EmptyAsync(Func<IReadOnlyList<string>> list)
    {
        var until = TimeProvider.System.GetTimestamp();
        while (list() is { Count: > 0 } left)
        {
            if (TimeProvider.System.GetElapsedTime(until) > Patience)
                Assert.Fail($"still there after {Patience.TotalSeconds} s:\n{string.Join('\n', left)}");
            await Task.Delay(50);
        }
    }
}
