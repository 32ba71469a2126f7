// Opens a .pkpass with KDE's libkpkpass, as a Linux mail client would, and prints what it read as JSON.
// usage: kpkpass_reader PASS LANGUAGE      (LANGUAGE is a locale such as "it" or "ar")
#include <KPkPass/Barcode>
#include <KPkPass/Field>
#include <KPkPass/Location>
#include <KPkPass/Pass>

#include <QColor>
#include <QCoreApplication>
#include <QDateTime>
#include <QImage>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QUrl>
#include <QVariant>
#include <QVector>

#include <cstdio>
#include <memory>

static QJsonObject fieldsAsJson(const KPkPass::Pass &pass)
{
    QJsonObject object;
    for (const auto &field : pass.fields()) {
        object.insert(field.key(),
                      QJsonObject{{QStringLiteral("label"), field.label()},
                                  {QStringLiteral("value"), field.valueDisplayString()},
                                  {QStringLiteral("changeMessage"), field.changeMessage()}});
    }
    return object;
}

static QJsonObject imagesAsJson(const KPkPass::Pass &pass)
{
    QJsonObject object;
    for (const auto *name : {"icon", "logo", "strip"}) {
        QJsonArray sizes;
        for (unsigned int scale = 1; scale <= 3; ++scale) {
            const auto image = pass.image(QString::fromLatin1(name), scale);
            sizes.append(QJsonArray{image.width(), image.height()});
        }
        object.insert(QString::fromLatin1(name), sizes);
    }
    return object;
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    if (argc != 3) {
        std::fprintf(stderr, "usage: kpkpass_reader PASS LANGUAGE\n");
        return 2;
    }
    QLocale::setDefault(QLocale(QString::fromLocal8Bit(argv[2])));
    const std::unique_ptr<KPkPass::Pass> pass(KPkPass::Pass::fromFile(QString::fromLocal8Bit(argv[1])));
    if (!pass) {
        std::fprintf(stderr, "libkpkpass cannot read this pass\n");
        return 1;
    }
    QJsonArray barcodes;
    for (const auto &barcode : pass->barcodes()) {
        barcodes.append(QJsonObject{{QStringLiteral("isQr"), barcode.format() == KPkPass::Barcode::QR},
                                    {QStringLiteral("message"), barcode.message()},
                                    {QStringLiteral("alternativeText"), barcode.alternativeText()}});
    }
    const QJsonObject read{
        {QStringLiteral("isStoreCard"), pass->type() == KPkPass::Pass::StoreCard},
        {QStringLiteral("organizationName"), pass->organizationName()},
        {QStringLiteral("serialNumber"), pass->serialNumber()},
        {QStringLiteral("passTypeIdentifier"), pass->passTypeIdentifier()},
        {QStringLiteral("logoText"), pass->logoText()},
        {QStringLiteral("isVoided"), pass->isVoided()},
        {QStringLiteral("backgroundColor"), pass->backgroundColor().name()},
        {QStringLiteral("foregroundColor"), pass->foregroundColor().name()},
        {QStringLiteral("labelColor"), pass->labelColor().name()},
        {QStringLiteral("maximumDistance"), pass->maximumDistance()},
        {QStringLiteral("locationsCount"), static_cast<int>(pass->locations().size())},
        {QStringLiteral("authenticationToken"), pass->authenticationToken()},
        {QStringLiteral("passUpdateUrl"), pass->passUpdateUrl().toString()},
        {QStringLiteral("fields"), fieldsAsJson(*pass)},
        {QStringLiteral("images"), imagesAsJson(*pass)},
        {QStringLiteral("barcodes"), barcodes},
    };
    std::printf("%s\n", QJsonDocument(read).toJson(QJsonDocument::Compact).constData());
    return 0;
}
