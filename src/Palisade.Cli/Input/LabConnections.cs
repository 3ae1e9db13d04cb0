using System.Collections.Immutable;
using System.Globalization;
using Palisade.Cli.Output;
using Palisade.Kubernetes.Client;
using Palisade.Lab.Connect;

namespace Palisade.Cli.Input;

/// <summary>Real connections, opened by the running `palisade up` from inside its pods.</summary>
internal sealed class LabConnections(KubeClient client)
{
    // The lab itself bounds how many it opens at once; this bounds the requests on the wire.
    private const int AtOnce = 32;

    /// <summary>
    /// Opens the connections of an answer. One to a Service goes to the Service, whichever pod it meets there, as long
    /// as the verdict is the same for all of them; otherwise to each of its pods, so that the answer is no matter of
    /// chance.
    /// </summary>
    public async Task<ImmutableArray<ConnectAnswer>> TryAsync(Answer answer, TimeSpan timeout, CancellationToken cancel)
    {
        if (answer.Question.To.Form == EndpointForm.Service
            && answer.Connections.DistinctBy(connection => connection.Explanation.Verdict).Count() == 1)
            return [await TryAsync(ToService(answer, timeout), cancel)];
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

    private static ConnectRequest ToService(Answer answer, TimeSpan timeout) => new(
        answer.Connections[0].From,
        answer.Question.To.ToString(),
        answer.Question.ProtocolText,
        int.Parse(answer.Question.Port, CultureInfo.InvariantCulture),
        (int)answer.Question.Family,
        (int)timeout.TotalMilliseconds);

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
