namespace Palisade.Cli.Output;

/// <summary>The four answers a command's exit code gives.</summary>
internal static class ExitCode
{
    /// <summary>Yes, done, equal, all pass.</summary>
    public const int Yes = 0;

    /// <summary>No, denied, different, findings.</summary>
    public const int No = 1;

    /// <summary>Bad input; every diagnostic stands on stderr.</summary>
    public const int BadInput = 2;

    /// <summary>The world failed: cluster, kernel, file system.</summary>
    public const int WorldFailed = 3;
}

/// <summary>Input that cannot be answered; the message says what and how to mend it.</summary>
internal sealed class BadInputException(string message) : Exception(message);

/// <summary>The cluster or the machine could not do what was asked; the message says what to do next.</summary>
internal sealed class WorldFailedException(string message, Exception? cause = null) : Exception(message, cause);
