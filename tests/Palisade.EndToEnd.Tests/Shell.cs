using System.Diagnostics;

namespace Palisade.EndToEnd.Tests;

/// <summary>How a program ended.</summary>
internal sealed record Ran(int Code, string Output, string Errors)
{
    /// <summary>Both streams, for a failing test's message.</summary>
    public override string ToString() => $"exit code {Code}\n{Output}{Errors}";
}

/// <summary>Runs programs and waits for them.</summary>
internal static class Shell
{
    // Generous: the machine may be busy with other tests, and ./palisade builds on first use.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Ran> RunAsync(
        string program, IEnumerable<string> arguments, string? input = null,
        IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Places.Root,
        };
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(
                $"{program} {string.Join(' ', arguments)} did not end in {Patience.TotalSeconds} s");
        }

        return new Ran(process.ExitCode, await output, await errors);
    }
}
