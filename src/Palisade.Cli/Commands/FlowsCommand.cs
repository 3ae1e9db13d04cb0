using System.CommandLine;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.Cli.Input;
using Palisade.Cli.Output;
using Palisade.Kubernetes.Client;
using Palisade.Lab.Flows;
using Palisade.Nftables.Kernel;

namespace Palisade.Cli.Commands;

/// <summary>palisade flows: what the agents saw.</summary>
internal static class FlowsCommand
{
    private const string About = """
        Prints what the nodes' agents saw: connections that came about and ended, and packets that were denied, each
        with its pods and the policy and rule that decided, or, where no rule lets it through, what came closest.
        Agents keep the last 4096 records. Of the cluster of `palisade up` all nodes are asked; on another cluster an
        agent's own socket is read with --node-socket, on its node or in its pod.
        MISSED counts what has no record because there was too much at once. Exit code 0, after Ctrl-C as well.

        Example: palisade flows --namespace dev-team --verdict deny --follow
        Example: palisade flows --node-socket /run/palisade/flows.sock -o json
        """;

    private sealed record Options(bool Follow, DateTimeOffset? Since, int? Limit, bool Json, FlowFilter Filter);

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var (source, output) = (new SourceOptions(), OutputOption.Create("text", "json"));
        var ns = new Option<string?>("--namespace", "-n") { Description = "Only where either end is a pod of it." };
        var pod = new Option<string?>("--pod") { Description = "Only where either end is it: ns/pod, or its name." };
        var verdict = new Option<string?>("--verdict")
        {
            Description = "Only allow, deny or would-deny (of an agent in --mode observe).",
        };
        verdict.AcceptOnlyFromAmong("allow", "deny", "would-deny");
        var follow = new Option<bool>("--follow") { Description = "Go on with what happens, until Ctrl-C." };
        var since = new Option<string?>("--since") { Description = "Only the last 30s, 5m, 2h.", HelpName = "TIME" };
        var limit = new Option<int?>("--limit")
        {
            Description = "Only the last N; with --follow the first N, then end.",
            HelpName = "N",
        };
        limit.Validators.Add(result =>
        {
            if (result.GetValue(limit) is <= 0)
                result.AddError("--limit must be 1 or more.");
        });
        var socket = new Option<string?>("--node-socket")
        {
            Description = "Read this agent's socket instead of asking the cluster.",
            HelpName = "PATH",
        };
        var command = new Command("flows", About)
        {
            ns, pod, verdict, follow, since, limit, socket, source.Kubeconfig, source.Context, output,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            var options = new Options(
                parsed.GetValue(follow),
                parsed.GetValue(since) is { } text
                    ? TimeProvider.System.GetUtcNow() - FlowFilter.ParseDuration(text)
                    : null,
                parsed.GetValue(limit), parsed.GetValue(output) == "json",
                new(parsed.GetValue(ns), parsed.GetValue(pod), parsed.GetValue(verdict)));
            if (parsed.GetValue(socket) is { } path)
                return await PrintAsync(OfSocketAsync(path, options, cancel), options);
            using var client = ClusterSource.Connect(parsed, source);
            return await PrintAsync(OfClusterAsync(client, options, cancel), options);
        });
        return command;
    }

    private static async Task<int> PrintAsync(IAsyncEnumerable<JsonObject> lines, Options options)
    {
        var terminal = Terminal.Standard();
        try
        {
            if (options.Follow)
            {
                // `palisade flows --follow | head` must not follow for ever what nobody reads.
                ProcessControl.EndWithReader();
                var left = options.Limit ?? int.MaxValue;
                await foreach (var line in lines)
                {
                    Print(terminal, line, options);
                    if (--left == 0)
                        break;
                }

                return ExitCode.Yes;
            }

            var all = new List<JsonObject>();
            await foreach (var line in lines)
                all.Add(line);
            // Each node's are in order; together they are by time, which sorts as text.
            foreach (var line in all.OrderBy(line => FlowFilter.Text(line["time"]), StringComparer.Ordinal)
                .TakeLast(options.Limit ?? int.MaxValue))
            {
                Print(terminal, line, options);
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C is how following ends.
        }

        return ExitCode.Yes;
    }

    private static void Print(Terminal terminal, JsonObject line, Options options) =>
        Console.WriteLine(options.Json ? Compact(line) : FlowText.Line(terminal, line));

    private static string Compact(JsonObject line)
    {
        using var buffer = new MemoryStream();
        var plain = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, plain))
            line.WriteTo(json);
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static async IAsyncEnumerable<JsonObject> OfSocketAsync(
        string path, Options options, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var lines = await OpenAsync(path, options, cancel);
        while (await lines.NextAsync(cancel) is { } line)
        {
            if (Parse(line) is { } parsed && options.Filter.Wants(parsed))
                yield return parsed;
        }
    }

    private static async Task<FlowSocket> OpenAsync(string path, Options options, CancellationToken cancel)
    {
        try
        {
            return await FlowSocket.OpenAsync(path, options.Follow, options.Since, cancel);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new WorldFailedException(
                $"{path}: {e.Message}. It is the file flows.sock in the agent's --run-directory, of mode 0600", e);
        }
    }

    private static async IAsyncEnumerable<JsonObject> OfClusterAsync(
        KubeClient client, Options options, [EnumeratorCancellation] CancellationToken cancel)
    {
        var query = $"?follow={(options.Follow ? "true" : "false")}";
        if (options.Since is { } since)
        {
            query += "&since=" + since.UtcDateTime.ToString(
                "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        }

        await using var lines = client.ReadLinesAsync(FlowService.Path + query, cancel).GetAsyncEnumerator(cancel);
        while (await NextAsync(lines, client))
        {
            if (Parse(lines.Current) is { } parsed && options.Filter.Wants(parsed))
                yield return parsed;
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<ReadOnlyMemory<byte>> lines, KubeClient client)
    {
        try
        {
            return await lines.MoveNextAsync();
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            throw new WorldFailedException(
                $"{client.Server} has no flow log: only the cluster of `palisade up` does. Elsewhere read an agent's:"
                + " palisade flows --node-socket /run/palisade/flows.sock, on its node or by kubectl exec", e);
        }
    }

    /// <summary>A line that is no object is not ours.</summary>
    private static JsonObject? Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            return JsonNode.Parse(line.Span) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
