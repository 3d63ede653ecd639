@echo off
setlocal
set /a a=5, b=3, c=a*b+2
echo %a% %b% %c%
set /a "r=(1+2)*3-4/2%%3"
echo %r%
set /a "r=-7/2"
echo %r%
set /a "r=-7%%3"
echo %r%
set /a "r=0x1F+017"
echo %r%
set /a "r=1<<4|3"
echo %r%
set /a "r=~5, s=!0, t=!7, u=- -3"
echo %r% %s% %t% %u%
set /a "r=6^3, s=6&3, t=-16>>2"
echo %r% %s% %t%
set /a a+=10
set /a b*=4
set /a "c%%=5"
set /a "a<<=1"
set /a "a-=1, a|=64, a^=1, a&=0xff"
echo %a% %b% %c%
set /a x=y=z=4
echo %x% %y% %z%
set /a unset+=1
echo %unset%
set num=12abc
set /a r=num+1
echo %r%
set /a r=2147483647+1
echo %r%
set /a r=1/0
echo %errorlevel%
set /a r=08
echo %errorlevel%
set /a r=3000000000
echo %errorlevel%
set /a r=(1+2
echo %errorlevel%
set /a r=1+
echo %errorlevel%
set /a r=1 2
echo %errorlevel%
cmd /c set /a 6*7
echo.
cmd /c "set /a 1,2,3"
echo.
