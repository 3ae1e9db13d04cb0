using System.Threading.Channels;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Access;
using Palisade.ApiServer.Http;

namespace Palisade.ApiServer.Hosting;

/// <summary>What is known of a request for the audit log, as it becomes known.</summary>
internal sealed record AuditRecord(AccessRequest Request, DateTimeOffset Received)
{
    public User? User { get; set; }

    public User? ActsAs { get; set; }
}

/// <summary>
/// audit.log of the data directory: a line of JSON (audit.k8s.io/v1 Event, level Metadata) for every write, every
/// refusal, and whatever concerns Secrets or is done as somebody else. Neither bodies nor queries are in it, and so no
/// secret. Ten megabytes a file, four files.
/// </summary>
internal sealed class AuditLog : IAsyncDisposable
{
    private const long MostBytes = 10 << 20;
    private const int OldFiles = 3;
    private static readonly string[] _reading = ["get", "list", "watch", "head", "options"];

    // What cannot be written in time is counted, not kept: requests neither wait for the log nor fill memory with it.
    private readonly Channel<byte[]> _lines = Channel.CreateBounded<byte[]>(4096);
    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly Task _writing;
    private long _lost;

    public AuditLog(string file, TimeProvider time)
    {
        _file = file;
        _time = time;
        _writing = Task.Run(WriteAllAsync);
    }

    public void Write(AuditRecord record, HttpContext context)
    {
        var code = context.Response.StatusCode;
        var isRead = _reading.Contains(record.Request.Verb);
        if (isRead && record.ActsAs is null && record.Request.Resource != "secrets" && code is not (401 or 403 or 429))
            return;
        if (!_lines.Writer.TryWrite(JsonBytes.Of(Event(record, context, code))))
            Interlocked.Increment(ref _lost);
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
    }

    private JsonObject Event(AuditRecord record, HttpContext context, int code)
    {
        var line = new JsonObject
        {
            ["kind"] = "Event",
            ["apiVersion"] = "audit.k8s.io/v1",
            ["level"] = "Metadata",
            ["auditID"] = Guid.NewGuid().ToString(),
            ["stage"] = "ResponseComplete",
            ["requestURI"] = record.Request.Path.Length > 0 ? record.Request.Path : context.Request.Path.Value,
            ["verb"] = record.Request.Verb,
            ["user"] = record.User is null ? null : Named(record.User),
        };
        if (record.ActsAs is not null)
            line["impersonatedUser"] = Named(record.ActsAs);
        line["sourceIPs"] = new JsonArray(context.Connection.RemoteIpAddress?.ToString());
        line["userAgent"] = Short(context.Request.Headers.UserAgent.ToString());
        if (record.Request.IsResource)
            line["objectRef"] = Reference(record.Request);
        line["responseStatus"] = new JsonObject { ["code"] = code };
        line["requestReceivedTimestamp"] = Stamp(record.Received);
        line["stageTimestamp"] = Stamp(_time.GetUtcNow());
        line["annotations"] = new JsonObject
        {
            ["authorization.k8s.io/decision"] = code is 401 or 403 ? "forbid" : "allow",
        };
        return line;
    }

    private static JsonObject Named(User user) => new()
    {
        ["username"] = Short(user.Name),
        ["groups"] = new JsonArray([.. user.Groups.Take(20).Select(group => (JsonNode)Short(group))]),
    };

    private static JsonObject Reference(AccessRequest request)
    {
        var reference = new JsonObject { ["resource"] = request.Resource };
        (string Name, string Value)[] parts =
        [
            ("namespace", request.Namespace), ("name", request.Name), ("apiGroup", request.Group),
            ("subresource", request.Subresource),
        ];
        foreach (var (name, value) in parts)
        {
            if (value.Length > 0)
                reference[name] = Short(value);
        }

        return reference;
    }

    private static string Short(string text) => text.Length <= 256 ? text : text[..256];

    private static string Stamp(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private async Task WriteAllAsync()
    {
        while (await _lines.Reader.WaitToReadAsync())
        {
            try
            {
                WriteSome();
            }
            catch (IOException)
            {
                // A full disk, most likely: serving goes on, and the lines are counted.
                Interlocked.Increment(ref _lost);
            }
        }
    }

    private void WriteSome()
    {
        using var file = new FileStream(_file, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        if (Interlocked.Exchange(ref _lost, 0) is var lost and > 0)
            WriteLine(file, JsonBytes.Of(new JsonObject { ["kind"] = "Lost", ["lines"] = lost }));
        while (file.Position < MostBytes && _lines.Reader.TryRead(out var line))
            WriteLine(file, line);
        if (file.Position < MostBytes)
            return;
        for (var i = OldFiles; i > 0; i--)
        {
            var from = i == 1 ? _file : $"{_file}.{i - 1}";
            if (File.Exists(from))
                File.Move(from, $"{_file}.{i}", overwrite: true);
        }
    }

    private static void WriteLine(FileStream file, byte[] line)
    {
        file.Write(line);
        file.WriteByte((byte)'\n');
    }
}
