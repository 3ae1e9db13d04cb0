using System.Collections.Immutable;
using Palisade.Cli.Output;
using Palisade.Kubernetes.Client;
using Palisade.Lab.Connect;

namespace Palisade.Cli.Input;

/// <summary>Real connections, opened by the running `palisade up` from inside its pods.</summary>
internal sealed class LabConnections(KubeClient client)
{
    // The lab itself bounds how many it opens at once; this bounds the requests on the wire.
    private const int AtOnce = 32;

    /// <summary>Opens every connection of an answer; a service's backends one by one.</summary>
    public async Task<ImmutableArray<ConnectAnswer>> TryAsync(Answer answer, TimeSpan timeout, CancellationToken cancel)
    {
        var met = ImmutableArray.CreateBuilder<ConnectAnswer>();
        foreach (var connection in answer.Connections)
            met.Add(await TryAsync(Request(answer.Question, connection, timeout), cancel));
        return met.ToImmutable();
    }

    /// <summary>Opens the connections of many answers, some at a time, in their order.</summary>
    public async Task<ImmutableArray<ConnectAnswer>[]> TryAllAsync(
        IReadOnlyList<Answer> answers, TimeSpan timeout, CancellationToken cancel)
    {
        var met = new ImmutableArray<ConnectAnswer>[answers.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel };
        await Parallel.ForAsync(0, answers.Count, options, async (i, stop) =>
            met[i] = await TryAsync(answers[i], timeout, stop));
        return met;
    }

    private static ConnectRequest Request(Question question, AnsweredConnection connection, TimeSpan timeout) => new(
        connection.From,
        connection.To,
        question.ProtocolText,
        question.Port.Length == 0 ? null : connection.Connection.Port,
        (int)question.Family,
        (int)timeout.TotalMilliseconds);

    private async Task<ConnectAnswer> TryAsync(ConnectRequest request, CancellationToken cancel)
    {
        try
        {
            var answer =
                await client.SendAsync(HttpMethod.Post, ConnectRequest.Path, request.ToJson(), cancel);
            return ConnectAnswer.FromJson(answer);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            throw new WorldFailedException(
                $"{client.Server} opens no connections from its pods: only the cluster of `palisade up` does", e);
        }
    }
}
