using System.Security.Authentication;
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
        catch (HttpRequestException e)
        {
            // Of a certificate only the inner exception says what is wrong with it.
            var why = e.InnerException is AuthenticationException inner ? inner.Message : e.Message;
            return Say($"cannot reach the cluster: {why}; is it running? --kubeconfig and --context name another",
                ExitCode.WorldFailed);
        }
        catch (Exception e) when (e is WorldFailedException or KubeApiException or IOException
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
