using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Palisade.ApiServer.Hosting;

/// <summary>
/// The server's own CA, kept in the data directory, and a server certificate made anew at every start.
/// </summary>
internal sealed class ServerCertificates
{
    private static readonly TimeSpan _clockSkew = TimeSpan.FromHours(1);
    private static readonly TimeSpan _caLife = TimeSpan.FromDays(3650);

    private ServerCertificates(string caPem, X509Certificate2 server)
    {
        CaPem = caPem;
        Server = server;
    }

    /// <summary>The CA's certificate, PEM: what a kubeconfig carries.</summary>
    public string CaPem { get; }

    public X509Certificate2 Server { get; }

    public static ServerCertificates Load(DataDirectory directory, TimeProvider time)
    {
        using var ca = KeptCa(directory, time) ?? NewCa(directory, time);
        return new ServerCertificates(ca.ExportCertificatePem(), NewServerCertificate(ca, time));
    }

    private static X509Certificate2? KeptCa(DataDirectory directory, TimeProvider time)
    {
        var certificate = directory.Read("ca.crt");
        var key = directory.Read("ca.key");
        if (certificate is null || key is null)
            return null;
        try
        {
            var ca = X509Certificate2.CreateFromPem(certificate, key);
            // An expired CA serves nobody: clients refuse it. A new one needs the new kubeconfig, which every start
            // writes.
            return ca.NotAfter > time.GetUtcNow().UtcDateTime.AddDays(30) ? ca : null;
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException(
                $"{directory.Path}/ca.crt or ca.key cannot be read ({e.Message}); remove both to have a new CA made",
                e);
        }
    }

    private static X509Certificate2 NewCa(DataDirectory directory, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=palisade-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        var ca = request.CreateSelfSigned(now - _clockSkew, now + _caLife);
        directory.Write("ca.key", key.ExportPkcs8PrivateKeyPem());
        directory.Write("ca.crt", ca.ExportCertificatePem());
        return ca;
    }

    private static X509Certificate2 NewServerCertificate(X509Certificate2 ca, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=palisade-apiserver", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddDnsName("kubernetes.default.svc");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(ca, true, false));
        var now = time.GetUtcNow();
        var end = now + TimeSpan.FromDays(365) < ca.NotAfter ? now + TimeSpan.FromDays(365) : ca.NotAfter;
        using var signed = request.Create(ca, now - _clockSkew / 2, end, RandomNumberGenerator.GetBytes(16));
        using var withKey = signed.CopyWithPrivateKey(key);
        // Through PKCS#12, since TLS wants a certificate that holds its key for its whole life.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }
}
