using System.Diagnostics;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>What one run of kubectl printed.</summary>
public sealed record KubectlResult(int ExitCode, string Out, string Error)
{
    public override string ToString() => $"exit {ExitCode}\nstdout:\n{Out}\nstderr:\n{Error}";
}

/// <summary>The real kubectl, with a kubeconfig, a cache and a home of its own.</summary>
public sealed class Kubectl
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly string _home;

    public Kubectl(string kubeconfig, string directory)
    {
        _home = Path.Combine(directory, "home-" + Guid.NewGuid().ToString("n"));
        Directory.CreateDirectory(_home);
        File.WriteAllText(Path.Combine(_home, "kubeconfig"), kubeconfig);
    }

    /// <summary>
    /// PALISADE_KUBECTL, else the one that build.sh fetches (the version these transcripts are of), else the PATH's.
    /// </summary>
    public static string? Find()
    {
        var home = Environment.GetEnvironmentVariable("HOME") ?? "/";
        var named = Environment.GetEnvironmentVariable("PALISADE_KUBECTL");
        if (!string.IsNullOrEmpty(named))
            return named;
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(
            d => Path.Combine(d, "kubectl"));
        return onPath.Prepend(Path.Combine(home, ".cache/palisade-tools/kubectl")).FirstOrDefault(File.Exists);
    }

    /// <summary>Runs kubectl with words split at spaces; the input is its standard input.</summary>
    public KubectlResult Run(string arguments, string input = "") =>
        Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), input);

    public KubectlResult Run(IReadOnlyList<string> arguments, string input = "")
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read: what it says counts.
        }

        if (!process.WaitForExit(_patience))
        {
            process.Kill();
            Assert.Fail($"kubectl {string.Join(' ', arguments)} did not end within {_patience}");
        }

        return new KubectlResult(process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Runs kubectl, expects it to succeed, answers its standard output.</summary>
    public string Ok(string arguments, string input = "")
    {
        var result = Run(arguments, input);
        Assert.True(result.ExitCode == 0, $"kubectl {arguments}: {result}");
        return result.Out;
    }

    public string Ok(IReadOnlyList<string> arguments, string input = "")
    {
        var result = Run(arguments, input);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {result}");
        return result.Out;
    }

    /// <summary>Runs kubectl, expects it to fail, answers its standard error.</summary>
    public string Fails(string arguments, string input = "")
    {
        var result = Run(arguments, input);
        Assert.True(result.ExitCode != 0, $"kubectl {arguments}: {result}");
        return result.Error;
    }

    public string Fails(IReadOnlyList<string> arguments)
    {
        var result = Run(arguments);
        Assert.True(result.ExitCode != 0, $"kubectl {string.Join(' ', arguments)}: {result}");
        return result.Error;
    }

    /// <summary>Starts kubectl; the caller reads, ends and disposes it.</summary>
    public Process Start(IReadOnlyList<string> arguments)
    {
        if (Find() is not { } kubectl)
        {
            Assert.Skip("kubectl is not there: set PALISADE_KUBECTL, or run ./build.sh, which fetches it");
            throw new UnreachableException();
        }

        var start = new ProcessStartInfo(kubectl)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = _home;
        start.Environment["KUBECONFIG"] = Path.Combine(_home, "kubeconfig");
        start.Environment["KUBE_EDITOR"] = Path.Combine(_home, "editor");
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>Makes `kubectl edit` run this sed expression instead of an editor.</summary>
    public void EditWith(string sed)
    {
        var editor = Path.Combine(_home, "editor");
        File.WriteAllText(editor, $"#!/bin/sh\nexec sed -i '{sed}' \"$1\"\n");
        File.SetUnixFileMode(editor, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
