using Palisade.Kubernetes.Client;

namespace Palisade.Cli.Output;

/// <summary>The one place where a failure becomes an exit code and a line on stderr.</summary>
internal static class Failures
{
    /// <summary>Runs a command; what it throws becomes its exit code.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (BadInputException e)
        {
            return Say(e.Message, ExitCode.BadInput);
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
        catch (Exception e) when (e is WorldFailedException or KubeApiException or HttpRequestException or IOException
            or InvalidDataException or UnauthorizedAccessException)
        {
            return Say(e.Message, ExitCode.WorldFailed);
        }
    }

    private static int Say(string message, int code)
    {
        Console.Error.WriteLine($"palisade: {message}");
        return code;
    }
}
